# what: npm install -g pnpm, and pnpm install
# is: builds
# says: true 10.34.9
# bases: "node:20.20.2-bookworm" = "node"
# frozen: "pnpm"
FROM node:20.20.2-bookworm
RUN npm install -g pnpm@10
WORKDIR /app
COPY pnpm/package.json pnpm/pnpm-lock.yaml ./
RUN --mount=type=cache,target=/pnpm/store pnpm config set store-dir /pnpm/store && pnpm install --frozen-lockfile
CMD ["sh", "-c", "echo $(node -p \"require('is-odd')(3)\") $(pnpm --version)"]
