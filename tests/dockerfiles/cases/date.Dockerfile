# what: The time of day in a step, and of files in a layer
# is: builds
# says: stands
FROM debian:bookworm-slim
ARG SOURCE_DATE_EPOCH
RUN date +%s > /when && date -u > /words && sleep 1 && test "$(date +%s)" = "$(cat /when)" && test "$(cat /when)" = "$SOURCE_DATE_EPOCH" && echo stands > /result
CMD ["cat", "/result"]
