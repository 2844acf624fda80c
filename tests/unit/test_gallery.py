import numpy as np
import pytest

from evenfold.documentation.gallery import gallery_page, row_curves, write_gallery
from evenfold.losses import LOSSES
from tests.conftest import ROOT


def test_the_gallery_page_is_current_and_has_its_pictures():
    page = (ROOT / "docs/losses.md").read_text()
    assert page == gallery_page(), "run `evenfold gallery`"
    for name in [*LOSSES, "snsp_weights"]:
        assert f"losses/{name}.svg)" in page
        assert (ROOT / f"docs/losses/{name}.svg").read_text().startswith("<?xml")


@pytest.mark.whole
def test_the_command_writes_all_of_it(tmp_path):
    written = write_gallery(tmp_path)
    assert len(written) == len(LOSSES) + 2 and all(p.is_file() for p in written)
    before = [p.read_bytes() for p in written]
    assert [p.read_bytes() for p in write_gallery(tmp_path)] == before


@pytest.mark.parametrize("name", LOSSES)
def test_the_drawn_slope_is_the_slope_of_the_drawn_cost(name):
    logits = np.linspace(-3, 3, 601)
    for label, (cost, slope) in row_curves(name, logits).items():
        numeric = np.gradient(cost, logits)
        assert np.allclose(slope[5:-5], numeric[5:-5], atol=0.02), (name, label)
        # More is better for a positive, less for a negative, wherever it stands.
        assert (slope * (1 if label else -1) <= 1e-3).all()
