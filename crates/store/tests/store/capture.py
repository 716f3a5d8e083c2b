"""Asks a running buildbox-casd for the root Directory digests of folders, and prints HEX/SIZE for each.

Usage: capture.py SOCKET FOLDER...

Run by the Python that has BuildStream, whose wheel brings the generated messages.
"""

import sys

import grpc
from buildstream._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from buildstream._protos.build.buildgrid import local_cas_pb2, local_cas_pb2_grpc


def main(socket, folders):
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        grpc.channel_ready_future(channel).result(timeout=60)
        stub = local_cas_pb2_grpc.LocalContentAddressableStorageStub(channel)
        request = local_cas_pb2.CaptureTreeRequest(
            path=folders,
            # No node properties: mtimes and modes are no part of our trees.
            node_properties=[],
            output_directory_format=reapi.Command.OutputDirectoryFormat.TREE_AND_DIRECTORY,
        )
        response = stub.CaptureTree(request, timeout=300)
    for captured in response.responses:
        if captured.status.code != 0:
            sys.exit(f"{captured.path}: {captured.status.message}")
        digest = captured.root_directory_digest
        if not digest.hash:
            sys.exit(f"{captured.path}: casd gave no root directory digest")
        print(f"{digest.hash}/{digest.size_bytes}")


main(sys.argv[1], sys.argv[2:])
