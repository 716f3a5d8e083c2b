# what: RUN --mount=type=tmpfs
# is: builds
# says: ok
FROM debian:bookworm-slim
RUN --mount=type=tmpfs,target=/scratch echo ok > /scratch/f && cat /scratch/f > /result && test ! -s /nothing
CMD ["cat", "/result"]
