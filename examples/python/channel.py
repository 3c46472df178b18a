"""A channel to the server: in plain, or over TLS with a token, where STEM_CA and STEM_TOKEN say so."""

import os
import pathlib

import grpc


def open_channel(address: str) -> grpc.Channel:
    """STEM_CA is a PEM file of those who vouch for the server, STEM_TOKEN our token; grpcio sends no token in plain."""
    ca, token = os.environ.get("STEM_CA"), os.environ.get("STEM_TOKEN")
    if ca is None:
        return grpc.insecure_channel(address)
    credentials = grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes())
    if token is not None:
        bearer = grpc.access_token_call_credentials(token)
        credentials = grpc.composite_channel_credentials(credentials, bearer)
    return grpc.secure_channel(address, credentials)
