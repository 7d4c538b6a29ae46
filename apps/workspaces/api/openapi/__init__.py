"""The API's own description: OpenAPI 3.1, made from the operations and the Action registry."""
