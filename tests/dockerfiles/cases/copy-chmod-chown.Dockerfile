# what: COPY --chmod, --chown by number and by name
# is: builds
# says: 750 7:8 640 0:0 1:1
FROM debian:bookworm-slim
COPY --chmod=750 --chown=7:8 src/a.txt /a
COPY --chmod=u=rw,g=r,o= src/a.txt /b
COPY --chown=daemon:daemon src/a.txt /c
RUN echo $(stat -c '%a %u:%g' /a /b) $(stat -c '%u:%g' /c) > /result
CMD ["cat", "/result"]
