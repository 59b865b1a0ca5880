# syntax=docker/dockerfile:1
# One image: the command line, and the connector as a service or sidecar. Mount the configuration at /config.
ARG NODE=22-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY schema schema
COPY src src
RUN npm run -s build
# Platform packages are optional dependencies: they stay.
RUN npm prune --omit=dev --no-audit --no-fund

FROM node:${NODE}
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY schema schema
COPY package.json connector.yaml LICENSE NOTICE ./
# Without a home the AWS SDK, which looks there for profiles, fails: the user below has no entry in /etc/passwd.
ENV NODE_ENV=production HOME=/tmp PULSAR_IO_KINESIS_HTTP_PORT=8080
# The user of Pulsar's own images; a number, so that Kubernetes can tell it is not root.
USER 10000:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PULSAR_IO_KINESIS_HTTP_PORT}/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell in between: the process gets the signals itself.
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["run", "-c", "/config/connectors.yaml"]
