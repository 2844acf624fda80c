"""The configuration: one section a file, and the registries of what may be named in it.

Import a section from its own file, so that a module depends on what it reads alone:
`from evenfold.config.split import Split`.
"""
