# what: Links, hard and symbolic, and set-id bits in a layer
# is: builds
# says: ok
# expect: set-id = ["/result", "/second"]
FROM debian:bookworm-slim
RUN echo ok > /result && ln /result /second && ln -s result /third && chmod 4755 /second
CMD ["cat", "/third"]
