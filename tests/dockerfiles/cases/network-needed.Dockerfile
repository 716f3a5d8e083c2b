# what: RUN that needs the network
# is: fails: did not complete successfully
FROM debian:bookworm-slim
SHELL ["/bin/bash", "-c"]
RUN exec 3<>/dev/tcp/192.0.2.1/80
CMD ["echo", "ok"]
