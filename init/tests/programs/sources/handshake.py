import socket, ssl, sys, threading

server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(sys.argv[1], sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))

def serve():
    try:
        with server.wrap_socket(listener.accept()[0], server_side=True) as connection:
            connection.sendall(b"hello")
    except OSError:
        pass

threading.Thread(target=serve, daemon=True).start()
client = ssl.create_default_context(cafile=sys.argv[1])
with client.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="localhost") as connection:
    print(connection.version(), connection.recv(5).decode())
