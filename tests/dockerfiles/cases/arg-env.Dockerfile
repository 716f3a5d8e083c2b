# what: ARG with a default and without, ENV with expansion
# is: builds
# says: 7 x-7 default
FROM debian:bookworm-slim
ARG VERSION=7
ARG NONE
ARG OTHER=default
ENV A=x-${VERSION} B="${OTHER:-none}"
RUN echo "$VERSION $A $B$NONE" > /result
CMD ["cat", "/result"]
