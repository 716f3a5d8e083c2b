# what: USER, by number and by name; steps run as that user
# is: builds
# says: 1000 daemon
FROM debian:bookworm-slim
RUN mkdir -m 777 /w
USER 1000:1000
RUN id -u > /w/1
USER daemon
RUN id -un > /w/2
RUN echo $(cat /w/1 /w/2) > /w/result
CMD ["cat", "/w/result"]
