# check=skip=all
# escape=`
# what: # check= and # escape=`
# is: builds
# says: a b
FROM debian:bookworm-slim
RUN echo a `
    b > /result
CMD ["cat", "/result"]
