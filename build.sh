#!/usr/bin/env bash
# The two commands of the README, and two more. The twin for Windows is build.ps1; what is more than a line or two is C# in build/.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# The SDK itself asks for libicu, which a bare Debian lacks; nothing here needs it.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-1}"

usage() {
  cat <<'TEXT'
usage: ./build.sh up [OPTIONS]       build, then run a whole city on this machine (streams up; Ctrl-C stops it)
       ./build.sh test [PROJECT...]  build everything and run the tests; PROJECT is a part of a test project's name
       ./build.sh bench [OPTIONS]    build and run the measurements
       ./build.sh chaos [OPTIONS]    a cluster of real processes under faults: --seed N --minutes M --fault NAME,...
       ./build.sh streams ARGS...    the command line, for example: ./build.sh streams alert list
TEXT
}

need_dotnet() {
  if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -q '^10\.'; then
    echo "The .NET 10 SDK is needed and not found. Install it (https://dotnet.microsoft.com/download/dotnet/10.0) and run this again." >&2
    exit 1
  fi
}

# Kafka's native library: the system's where it is or can be installed, else the one in the NuGet package (build/Kafka.props).
need_kafka() {
  if [ "$(uname -s)" != Linux ] || ldconfig -p 2>/dev/null | grep -q 'librdkafka\.so\.1' ||
    [ -e "/usr/lib/$(uname -m)-linux-gnu/librdkafka.so.1" ]; then
    return
  fi
  local as_root=()
  if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    echo "Installing librdkafka1 (Kafka's client library) with apt-get ..."
    if ! { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends librdkafka1; } >/dev/null; then
      echo "apt-get could not install librdkafka1; trying the library in the NuGet package instead." >&2
    fi
  else
    echo "librdkafka is not installed; trying the library in the NuGet package instead. To use the system's: sudo apt-get install librdkafka1" >&2
  fi
}

# What checks JSON Schemas in the tests; without npm those tests skip and say so.
need_schema_checks() {
  if command -v npm >/dev/null && [ ! -d "$root/tests/schemas/node_modules/ajv" ]; then
    npm ci --prefix "$root/tests/schemas" --no-audit --no-fund --loglevel=error >/dev/null ||
      echo "npm ci failed in tests/schemas; tests that check schemas are skipped." >&2
  fi
}

build_streams() {
  # What the compiler says is of interest only when it says no.
  local said
  said="$(dotnet build "$root/src/Streams.Cli/Streams.Cli.csproj" -c Release -v q --nologo 2>&1)" || {
    echo "$said" >&2
    exit 1
  }
}

command="${1:-}"
if [ $# -gt 0 ]; then shift; fi
case "$command" in
  up | streams)
    need_dotnet
    need_kafka
    if [ "$command" = up ]; then
      echo "Building ..." >&2
      set -- up "$@"
    fi
    build_streams
    exec dotnet exec "$root/src/Streams.Cli/bin/Release/net10.0/streams.dll" "$@"
    ;;
  test)
    need_dotnet
    need_kafka
    need_schema_checks
    exec dotnet run "$root/build/test.cs" -- "$root" "$@"
    ;;
  bench)
    need_dotnet
    need_kafka
    exec dotnet run -c Release --project "$root/tests/Streams.Benchmarks" -- "$@"
    ;;
  chaos)
    need_dotnet
    need_kafka
    exec dotnet run -c Release --project "$root/tests/Streams.Chaos" -- "$@"
    ;;
  -h | --help | help)
    usage
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
