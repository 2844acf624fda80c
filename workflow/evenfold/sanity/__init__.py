"""Does it learn at all? Controls, and where the real run stands among them."""
