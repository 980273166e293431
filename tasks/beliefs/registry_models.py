"""Versions of the models that beliefs are about."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tasks.beliefs.registry import Registry
from tasks.beliefs.registry_lookup import SHOWN, known
from tasks.beliefs.registry_records import Model, StoredModel
from tasks.beliefs.tables import ModelMetadata
from tasks.errors import InputError


def record_model(registry: Registry, model: Model) -> StoredModel:
    """Keep a model, as its next version unless the latest one is the same.

    Returns
    -------
    StoredModel
        The new version; the latest one if it differs in nothing but the run that it comes from.
    """
    with registry.transaction("deciding") as session:
        latest = _latest(session, model.model_id)
        if latest is not None and _content(StoredModel.model_validate(latest)) == _content(model):
            return StoredModel.model_validate(latest)
        row = ModelMetadata(version=latest.version + 1 if latest else 1, **model.model_dump())
        session.add(row)
        session.flush()
        return StoredModel.model_validate(row)


def latest_model(registry: Registry, model_id: str) -> StoredModel:
    """The newest version of a model.

    Raises
    ------
    InputError
        If the registry has no such model.
    """
    with registry.transaction("reading") as session:
        row = _latest(session, model_id)
        if row is None:
            newest_first = (
                select(ModelMetadata.model_id)
                .group_by(ModelMetadata.model_id)
                .order_by(func.max(ModelMetadata.id).desc())
                .limit(SHOWN)
            )
            models = ", ".join(session.scalars(newest_first)) or "none"
            raise InputError(f"The registry has no model {model_id!r}; the latest: {models}.")
        return StoredModel.model_validate(row)


def _latest(session: Session, model_id: str) -> ModelMetadata | None:
    newest_first = (
        select(ModelMetadata)
        .where(ModelMetadata.model_id == model_id)
        .order_by(ModelMetadata.version.desc())
    )
    return session.scalars(newest_first.limit(1)).first()


def _content(model: Model) -> dict[str, object]:
    return model.model_dump(include=set(Model.model_fields), exclude={"run", "run_digest"})


def find_model(registry: Registry, key: int) -> StoredModel:
    """A version of a model by its ``id``.

    Raises
    ------
    InputError
        If there is none.
    """
    with registry.transaction("reading") as session:
        return StoredModel.model_validate(known(session, ModelMetadata, key))
