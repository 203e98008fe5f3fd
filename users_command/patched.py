"""What a merge patch makes of a user: the result is held to the same rules as a new user."""

from typing import Any

from cqrs.web.validation import validate
from users_command.events import Profile
from users_command.merge_patch import merge_patch
from users_command.serializers import UserIn, profile_from, profile_to_patch


def patched(profile: Profile, patch: dict[str, Any]) -> Profile:
    """Return the profile as the patch, in the shape of randomuser.me, changes it.

    Raises InvalidRequest naming everything that is wrong with the result.
    """
    return profile_from(validate(merge_patch(profile_to_patch(profile), patch), UserIn))
