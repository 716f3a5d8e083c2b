# what: COPY --from a named context
# is: builds
# says: a
FROM debian:bookworm-slim
COPY --from=payload a.txt /result
CMD ["cat", "/result"]
