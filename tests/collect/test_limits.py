import dataclasses

import pytest

from caseline.collect.limits import Limits
from caseline.errors import InputError


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 1.5, "8", None, True])
def test_a_limit_that_is_no_whole_number_above_zero_is_refused(field, value):
    with pytest.raises(InputError, match=field):
        Limits(**{field: value})


def test_limits_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().depth = 3
