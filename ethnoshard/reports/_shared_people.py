"""Whether a model was trained on people that it is tested on."""

from ethnoshard.embedding import Embeddings
from ethnoshard.results import SharedPeople
from ethnoshard.runs import person_key


def shared_people(embeddings: Embeddings) -> SharedPeople | None:
    """People of the training, of these images, and in both by name.

    None where it isn't known whom the model was trained on: it is no run, or a run of before whose dataset is gone.
    """
    found = embeddings.facts.get("trained_on")
    if not found:
        return None
    people = set(embeddings.identities.tolist()) - {""}
    shared = people & set(found["shared"])
    return SharedPeople(
        trained_on=int(found["people"]),
        people=len(people),
        shared=len(shared),
        only_numbers=bool(shared) and all(person_key(name).isdecimal() for name in shared),
        by="name: last part of a path, without ending, capitals, or difference between _, -, . and space",
    )
