"""The service: `app` answers, `requests` reads what it is sent, `openapi` holds what it promises.

`create_app` is what a WSGI server is told to call. Nothing here imports TensorFlow.
"""

from digitbook.serve.app import create_app

__all__ = ["create_app"]
