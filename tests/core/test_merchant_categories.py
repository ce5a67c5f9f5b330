import pytest

from sentinel.core.merchant_categories import MERCHANT_CATEGORIES, merchant_category_name


@pytest.mark.parametrize(
    ("code", "name"),
    [("5732", "electronics shops"), ("7995", "gambling"), ("3005", "airlines"), ("3501", "hotels"), ("0001", "")],
)
def test_a_category_has_a_name(code, name):
    assert merchant_category_name(code) == name


def test_every_code_has_four_digits_and_a_name_of_its_own():
    assert all(len(code) == 4 and code.isdigit() for code in MERCHANT_CATEGORIES)
    assert len(set(MERCHANT_CATEGORIES.values())) == len(MERCHANT_CATEGORIES)
