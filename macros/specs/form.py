"""What forms of records are declared with: pydantic, or plain classes of the same names where records were checked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from macros.specs import plain

if TYPE_CHECKING or not plain.enough:
    from pydantic import AfterValidator as AfterValidator
    from pydantic import BaseModel as BaseModel
    from pydantic import ConfigDict as ConfigDict
    from pydantic import Field as Field
    from pydantic import ValidationError as ValidationError
    from pydantic import model_validator as model_validator
    from pydantic.json_schema import SkipJsonSchema as SkipJsonSchema
else:
    from macros.specs.plain import (
        AfterValidator,  # noqa: F401
        BaseModel,  # noqa: F401
        ConfigDict,  # noqa: F401
        Field,  # noqa: F401
        SkipJsonSchema,  # noqa: F401
        ValidationError,  # noqa: F401
        model_validator,  # noqa: F401
    )
