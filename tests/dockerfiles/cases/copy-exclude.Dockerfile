# what: COPY --exclude
# is: builds
# says: a.txt
FROM debian:bookworm-slim
COPY --exclude=lib src /src
RUN ls /src > /result
CMD ["cat", "/result"]
