# what: ONBUILD of a stage
# is: builds
# says: from the base
FROM debian:bookworm-slim AS base
ONBUILD RUN echo from the base > /result
FROM base
CMD ["cat", "/result"]
