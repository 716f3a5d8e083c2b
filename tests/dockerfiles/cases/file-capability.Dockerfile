# what: A file with a capability, which is an extended attribute
# is: builds
# says: 1
# expect: set-id = ["/p/f"]
FROM debian:bookworm-slim
ADD capable.tar /p
RUN tar --xattrs --xattrs-include='*' -cf - /p/f | grep -ac 'SCHILY.xattr.security.capability' > /result
CMD ["cat", "/result"]
