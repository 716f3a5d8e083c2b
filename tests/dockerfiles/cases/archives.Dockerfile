# what: Archives of files that this step and one before it wrote
# is: builds
# says: 2026-01-02 03:04:05
FROM debian:bookworm-slim
RUN mkdir /made && echo one > /made/one && echo two > /two && sleep 1
RUN echo three > /made/three && tar -czf /packed.tar.gz -C / made && gzip /two && tar -tvf /packed.tar.gz --full-time | sed -E 's/.* ([0-9-]+ [0-9:]+) .*/\1/' | sort -u > /result
CMD ["cat", "/result"]
