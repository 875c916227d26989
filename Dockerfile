# syntax=docker/dockerfile:1
# The image of a node, of a simulated city and of the command line. The same commit gives the same image, whoever builds it and when:
#   docker buildx build --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) --output type=image,name=streams:0.1.0,rewrite-timestamp=true .
# For that, a release pins the three images below by digest (IMAGE:TAG@sha256:...).
ARG SDK=mcr.microsoft.com/dotnet/sdk:10.0
ARG ASPNET=mcr.microsoft.com/dotnet/aspnet:10.0
ARG DEBIAN=debian:bookworm-slim

# Built on the builder's own architecture: what comes out is the same for all.
FROM --platform=$BUILDPLATFORM ${SDK} AS build
WORKDIR /source
# Locked packages only, paths that tell nothing of the builder.
ENV CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# What the packages depend on first, so that a change of code does not fetch them again.
COPY .editorconfig global.json Directory.Build.props Directory.Packages.props ./
COPY build/Kafka.props build/
COPY src/Streams.Domain/*.csproj src/Streams.Domain/packages.lock.json src/Streams.Domain/
COPY src/Streams.Runtime/*.csproj src/Streams.Runtime/packages.lock.json src/Streams.Runtime/
COPY src/Streams.Node/*.csproj src/Streams.Node/packages.lock.json src/Streams.Node/
COPY src/Streams.Simulator/*.csproj src/Streams.Simulator/packages.lock.json src/Streams.Simulator/
COPY src/Streams.Cli/*.csproj src/Streams.Cli/packages.lock.json src/Streams.Cli/
RUN dotnet restore src/Streams.Cli -p:KafkaNative=system
COPY src src
ARG REVISION=unknown
ARG TARGETARCH
# The generator of log methods writes classes in whatever order threads left them: with one thread it is always the same, and so is the program.
# SQLite comes for two dozen platforms; one of them is run on.
RUN echo -parallel- > /tmp/one-thread.rsp \
 && dotnet publish src/Streams.Cli -c Release --no-restore -p:KafkaNative=system -p:UseAppHost=false -p:SourceRevisionId=$REVISION \
    -p:UseSharedCompilation=false -p:CompilerResponseFile=/tmp/one-thread.rsp -o /app \
 && rid=linux-$(echo "${TARGETARCH:-amd64}" | sed 's/^amd64$/x64/') \
 && find /app/runtimes -mindepth 1 -maxdepth 1 ! -name "$rid" -exec rm -r {} + \
 && test -e "/app/runtimes/$rid/native/libe_sqlite3.so"

FROM ${ASPNET} AS aspnet

# Debian 12, on which everything is tested, for its librdkafka 2.0.2 (docs/decisions/0010-native-library.md, 0014-kubernetes.md).
FROM ${DEBIAN}
# The packages are those of the day on which the base image was made: its own list of sources names that day's snapshot.
RUN sed -i '/^# http:\/\/snapshot/{s/^# /URIs: /;n;d}' /etc/apt/sources.list.d/debian.sources \
 && apt-get -o Acquire::Check-Valid-Until=false update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends ca-certificates librdkafka1 libstdc++6 tzdata \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/ldconfig /var/log/*
COPY --from=aspnet /usr/share/dotnet /usr/share/dotnet
COPY --from=build /app /app
# The model cities, for "simulate" and for a first look; an installation mounts its own over /etc/streams.
COPY cluster-config /app/cluster-config
RUN printf '#!/bin/sh\nexec /usr/share/dotnet/dotnet /app/streams.dll "$@"\n' > /usr/local/bin/streams && chmod 755 /usr/local/bin/streams
# Diagnostics would write to /tmp; a node writes nowhere.
ENV DOTNET_EnableDiagnostics=0 DOTNET_NOLOGO=1
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Streams" org.opencontainers.image.revision=$REVISION
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/streams"]
CMD ["node", "--config", "/etc/streams"]
