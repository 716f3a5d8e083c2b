# what: npm ci, with a cache mount
# is: builds
# says: true
# bases: "node:20.20.2-bookworm" = "node"
# frozen: "npm"
FROM node:20.20.2-bookworm
WORKDIR /app
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev
CMD ["node", "-p", "require('is-number')(5)"]
