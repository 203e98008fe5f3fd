"""What `SPECTACULAR_SETTINGS` has to hold for `cqrs.web.openapi`; imports nothing, as Django's settings import it."""

from typing import Any


def spectacular_settings(*, title: str, version: str, description: str) -> dict[str, Any]:
    """Settings for an OpenAPI 3.1 document made of our operations, and Swagger UI from local files."""
    return {
        "TITLE": title,
        "VERSION": version,
        "DESCRIPTION": description,
        "OAS_VERSION": "3.1.0",
        "SORT_OPERATION_PARAMETERS": False,
        "SERVE_INCLUDE_SCHEMA": False,
        "POSTPROCESSING_HOOKS": ["cqrs.web.openapi.add_components"],
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "SWAGGER_UI_SETTINGS": {"deepLinking": True, "displayRequestDuration": True, "tryItOutEnabled": True},
        "TAGS": [
            {
                "name": "Command (PostgreSQL)",
                "description": "Writes, and reads of the write side: the source of truth.",
            },
            {"name": "Query (MongoDB)", "description": "Reads of the documents that are projected from the events."},
        ],
    }
