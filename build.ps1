#!/usr/bin/env pwsh
# The two commands of the README, and two more. The twin for Linux and macOS is build.sh; what is more than a line or two is C# in build/.
# No param block: it would take -h, -v and -c for its own parameters, by their first letters.

# Elsewhere build.sh does all this and finds Kafka's native library too; on Windows that comes with the NuGet package (build/Kafka.props).
if ($IsLinux -or $IsMacOS) {
    & bash "$PSScriptRoot/build.sh" @args
    exit $LASTEXITCODE
}

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false   # a failing dotnet says why itself, and its exit status is passed on
$root = $PSScriptRoot
$command = if ($args.Count -gt 0) { "$($args[0])" } else { '' }
$rest = @($args | Select-Object -Skip 1 | ForEach-Object { if ($_ -is [array]) { $_ -join ',' } else { $_ } })   # PowerShell makes a list of a,b

function Get-Usage {
    @'
usage: ./build.ps1 up [OPTIONS]       build, then run a whole city on this machine (streams up; Ctrl-C stops it)
       ./build.ps1 test [PROJECT...]  build everything and run the tests; PROJECT is a part of a test project's name
       ./build.ps1 bench [OPTIONS]    build and run the measurements
       ./build.ps1 chaos [OPTIONS]    a cluster of real processes under faults: --seed N --minutes M --fault NAME,... (Linux and macOS)
       ./build.ps1 streams ARGS...    the command line, for example: ./build.ps1 streams alert list
'@
}

function Test-Dotnet {
    if ((Get-Command dotnet -ErrorAction Ignore) -and @(@(dotnet --list-sdks) -match '^10\.').Count -gt 0) { return $true }
    [Console]::Error.WriteLine('The .NET 10 SDK is needed and not found. Install it (https://dotnet.microsoft.com/download/dotnet/10.0) and run this again.')
    $false
}

# A script's variables end with it, but the environment is the whole session's: it is put back below.
$ours = @{ DOTNET_CLI_TELEMETRY_OPTOUT = '1'; DOTNET_NOLOGO = '1'; DOTNET_SYSTEM_GLOBALIZATION_INVARIANT = '1' }
if ($env:DOTNET_SYSTEM_GLOBALIZATION_INVARIANT) { $ours.Remove('DOTNET_SYSTEM_GLOBALIZATION_INVARIANT') }
$before = @{}
foreach ($name in $ours.Keys) { $before[$name] = [Environment]::GetEnvironmentVariable($name) }
try {
    foreach ($name in $ours.Keys) { Set-Item "Env:$name" $ours[$name] }
    switch -CaseSensitive ($command) {
        { $_ -cin 'up', 'streams' } {
            if (-not (Test-Dotnet)) { exit 1 }

            # What the compiler says is of interest only when it says no.
            if ($command -ceq 'up') { [Console]::Error.WriteLine('Building ...') }
            $said = dotnet build "$root/src/Streams.Cli/Streams.Cli.csproj" -c Release -v q --nologo
            if ($LASTEXITCODE -ne 0) {
                $said | ForEach-Object { [Console]::Error.WriteLine($_) }
                exit 1
            }

            if ($command -ceq 'up') { $rest = @('up') + $rest }
            dotnet exec "$root/src/Streams.Cli/bin/Release/net10.0/streams.dll" @rest
            exit $LASTEXITCODE
        }
        'test' {
            if (-not (Test-Dotnet)) { exit 1 }

            # What checks JSON Schemas in the tests; without npm those tests skip and say so.
            if ((Get-Command npm -ErrorAction Ignore) -and -not (Test-Path "$root/tests/schemas/node_modules/ajv")) {
                npm ci --prefix "$root/tests/schemas" --no-audit --no-fund --loglevel=error | Out-Null
            }

            dotnet run "$root/build/test.cs" -- $root @rest
            exit $LASTEXITCODE
        }
        'bench' {
            if (-not (Test-Dotnet)) { exit 1 }
            dotnet run -c Release --project "$root/tests/Streams.Benchmarks" -- @rest
            exit $LASTEXITCODE
        }
        'chaos' {
            if (-not (Test-Dotnet)) { exit 1 }
            dotnet run -c Release --project "$root/tests/Streams.Chaos" -- @rest
            exit $LASTEXITCODE
        }
        { $_ -cin '-h', '--help', 'help' } { Get-Usage; exit 0 }
        default { [Console]::Error.WriteLine((Get-Usage)); exit 2 }
    }
}
finally {
    foreach ($name in $before.Keys) {
        if ($null -eq $before[$name]) { Remove-Item "Env:$name" -ErrorAction Ignore } else { Set-Item "Env:$name" $before[$name] }
    }
}
