# what: nproc, host name, order of a folder
# is: builds
# says: ok
FROM debian:bookworm-slim
RUN nproc > /n && uname -n > /h && mkdir /d && touch /d/b /d/c /d/a && (ls -U /d | tr -d '\n') > /o && test "$(cat /o)" = abc && echo ok > /result
CMD ["cat", "/result"]
