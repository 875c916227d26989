#!/usr/bin/env pwsh
# The two commands of the README, and a third. The twin for Linux and macOS is build.sh; what is more than a line or two is C# in build/.
param([Parameter(Position = 0)][string]$Command = '', [Parameter(ValueFromRemainingArguments)][string[]]$Rest = @())
$ErrorActionPreference = 'Stop'
$root = $PSScriptRoot
$env:DOTNET_CLI_TELEMETRY_OPTOUT = '1'
$env:DOTNET_NOLOGO = '1'

function Show-Usage {
    @'
usage: ./build.ps1 up [OPTIONS]       build, then run a whole city on this machine (streams up; Ctrl-C stops it)
       ./build.ps1 test [PROJECT...]  build everything and run the tests; PROJECT is a part of a test project's name
       ./build.ps1 bench [OPTIONS]    build and run the measurements
       ./build.ps1 streams ARGS...    the command line, for example: ./build.ps1 streams alert list
'@
}

if ($Command -in 'up', 'streams', 'test', 'bench' -and -not ((Get-Command dotnet -ErrorAction Ignore) -and ((dotnet --list-sdks) -match '^10\.'))) {
    Write-Error 'The .NET 10 SDK is needed and not found. Install it (https://dotnet.microsoft.com/download/dotnet/10.0) and run this again.'
    exit 1
}

switch ($Command) {
    { $_ -in 'up', 'streams' } {
        dotnet build "$root/src/Streams.Cli/Streams.Cli.csproj" -c Release -v q --nologo
        if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
        if ($Command -eq 'up') { $Rest = @('up') + $Rest }
        dotnet exec "$root/src/Streams.Cli/bin/Release/net10.0/streams.dll" @Rest
        exit $LASTEXITCODE
    }
    'test' {
        dotnet run "$root/build/test.cs" -- $root @Rest
        exit $LASTEXITCODE
    }
    'bench' {
        dotnet run -c Release --project "$root/tests/Streams.Benchmarks" -- @Rest
        exit $LASTEXITCODE
    }
    { $_ -in 'help', '-h', '--help' } { Show-Usage; exit 0 }
    default { Show-Usage; exit 2 }
}
