"""What a record says against what follows from it: checks that need both records and formulas."""

from __future__ import annotations

from collections.abc import Iterator

from macros.formulas.companions import prediction_parameters
from macros.formulas.parameters import parameters
from macros.specs.catalogue import Catalogue, value_check
from macros.specs.errors import SpecError
from macros.specs.models import Model, architecture_of


@value_check("models")
def published_parameters(model: Model, catalogue: Catalogue) -> Iterator[SpecError]:
    """A model's shapes give the count that its publisher states, to the parameter or within the stated rounding."""
    if model.published_parameters is None or model.published_parameters_rounded_to is None:
        return
    shapes = architecture_of(model, catalogue.models)
    computed = parameters(shapes) + prediction_parameters(shapes, beside=model.counted_beside_text)
    rounded = model.published_parameters_rounded_to
    if 2 * abs(model.published_parameters - computed) > rounded - rounded % 2:
        yield catalogue.error(
            "models",
            model.id,
            ("published_parameters",),
            f"{computed:,} from the shapes" + ("" if rounded == 1 else f", within ± {rounded // 2:,}"),
            f"{model.published_parameters:,}",
            "read the shapes again in the model's configuration, or say in published_beside what else was counted",
        )
