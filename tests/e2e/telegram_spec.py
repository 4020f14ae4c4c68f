"""The published Bot API as a judge: is this method known, are these its parameters, are they of its types?

The machine-readable specification is recorded data; where it is absent everything passes, and the
server's own rules are all that is checked.
"""

import json
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "telegram" / "api.json"
ALWAYS_TEXT = ("text", "caption", "callback_query_id", "file_id")
TRUE, FALSE = ("true", "1", "yes", "y", "t"), ("false", "0", "no", "n", "f", "")


class BadCall(ValueError):
    """A call that the specification does not allow; the text names the parameter."""


class Spec:
    """The methods and types of one version of the Bot API."""

    def __init__(self, path: Path = RECORDED) -> None:
        known = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        self.methods: dict[str, Any] = known.get("methods", {})
        self.types: dict[str, Any] = known.get("types", {})
        self._lower = {name.lower(): name for name in self.methods}

    def method(self, name: str) -> str | None:
        """Return a method's name as published (the server does not mind letter case), None if unknown."""
        return self._lower.get(name.lower()) if self.methods else name

    def read(self, method: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of a call as Python values. Raises BadCall.

        given: as they came; form fields are strings, whatever their type.
        """
        if not self.methods:
            return {k: v if k in ALWAYS_TEXT else _guess(v) for k, v in given.items()}
        fields = {f["name"]: f for f in self.methods[method].get("fields", [])}
        for name in given:
            if name not in fields:
                raise BadCall(f'unknown parameter "{name}" of {method}')
        for name, spec in fields.items():
            if spec["required"] and name not in given:
                raise BadCall(f'parameter "{name}" of {method} is required')
        return {name: self._parameter(value, fields[name]) for name, value in given.items()}

    def _parameter(self, value: Any, field: dict[str, Any]) -> Any:
        faults = []
        for kind in field["types"]:
            try:
                return self._coerce(value, kind, field["name"])
            except BadCall as e:
                faults.append(str(e))
        raise BadCall(faults[0])

    def _coerce(self, value: Any, kind: str, where: str) -> Any:
        if isinstance(value, str) and kind not in ("String", "InputFile"):
            if kind == "Boolean":
                if value.lower() not in TRUE + FALSE:
                    raise BadCall(f'parameter "{where}" must be a Boolean')
                return value.lower() in TRUE
            try:
                value = json.loads(value)
            except ValueError as e:
                raise BadCall(f'can\'t parse parameter "{where}" as {kind}') from e
        self.check(value, kind, where)
        return value

    def check(self, value: Any, kind: str, where: str) -> None:
        """Raise BadCall unless a value is of that published type, unknown fields included."""
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                raise BadCall(f'"{where}" must be an Array')
            for n, item in enumerate(value):
                self.check(item, kind.removeprefix("Array of "), f"{where}[{n}]")
        elif kind in ("Integer", "String", "Boolean", "Float", "True"):
            if not _is(value, kind):
                raise BadCall(f'"{where}" must be of type {kind}')
        elif kind != "InputFile":
            self._check_object(value, kind, where)

    def _check_object(self, value: Any, kind: str, where: str) -> None:
        known = self.types.get(kind)
        if known is None or not isinstance(value, dict):
            raise BadCall(f'"{where}" must be an object of type {kind}')
        if known.get("subtypes"):
            return self._one_of(value, known["subtypes"], where)
        fields = {f["name"]: f for f in known.get("fields", [])}
        missing = [n for n, spec in fields.items() if spec["required"] and n not in value]
        unknown = [n for n in value if n not in fields]
        if missing or unknown:
            raise BadCall(f'"{where}" is no {kind}: missing {missing}, unknown {unknown}')
        for name, item in value.items():
            self._one_of(item, fields[name]["types"], f"{where}.{name}")
        return None

    def _one_of(self, value: Any, kinds: list[str], where: str) -> None:
        faults = []
        for kind in kinds:
            try:
                return self.check(value, kind, where)
            except BadCall as e:
                faults.append(str(e))
        raise BadCall("; ".join(faults))

    def check_result(self, method: str, result: Any) -> None:
        """Raise BadCall if our own server answers with something Telegram would not."""
        if self.methods:
            kinds = ["True" if k == "Boolean" else k for k in self.methods[method]["returns"]]
            self._one_of(result, kinds, "result")


def _is(value: Any, kind: str) -> bool:
    if kind in ("Boolean", "True"):
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "Integer":
        return isinstance(value, int)
    if kind == "Float":
        return isinstance(value, int | float)
    return isinstance(value, str)


def _guess(value: Any) -> Any:
    """Without a specification: what looks like JSON is JSON, except that text stays text."""
    if isinstance(value, str) and (value[:1] in "[{" or value.lstrip("-").isdigit()):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
