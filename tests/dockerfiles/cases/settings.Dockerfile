# what: EXPOSE, VOLUME, LABEL, STOPSIGNAL, HEALTHCHECK, MAINTAINER, ENTRYPOINT with CMD
# is: builds
# says: ok
FROM debian:bookworm-slim
MAINTAINER somebody
LABEL a=b "c d"="e f"
EXPOSE 8080/tcp 9090/udp
VOLUME ["/data"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD ["true"]
ENTRYPOINT ["echo"]
CMD ["ok"]
