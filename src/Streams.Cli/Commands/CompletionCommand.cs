using System.CommandLine;
using Streams.Cli.Output;

namespace Streams.Cli.Commands;

/// <summary><c>streams completion</c>: what makes a shell complete commands, options and the city's own names.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish", "pwsh"];

    public static Command Build(Screen screen)
    {
        var shell = new Argument<string>("SHELL") { Description = $"One of {string.Join(", ", Shells)}.", HelpName = "SHELL" };
        shell.AcceptOnlyFromAmong(Shells);
        var completion = new ExampleCommand(
            "completion",
            "Prints a script that makes a shell complete commands, options, areas, device types, scenarios and ids. In bash: source <(streams completion bash)",
            "streams completion bash",
            "streams completion pwsh").Taking(shell);
        completion.SetAction(parsed =>
        {
            screen.Out.Write(parsed.GetRequiredValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                "fish" => Fish,
                _ => PowerShell,
            });
            return ExitStatus.Done;
        });
        return completion;
    }

    // All four ask the executable itself: "[suggest:N]" and the line up to the cursor, N being its length. Options are offered once a hyphen
    // is typed, else they would hide what a command is about; where nothing is known, files are.
    private const string Bash =
        """
        # In ~/.bashrc: source <(streams completion bash)
        _streams() {
            local line="${COMP_LINE:0:COMP_POINT}" word="${COMP_WORDS[COMP_CWORD]}" candidate
            COMPREPLY=()
            while IFS= read -r candidate; do
                [[ "$candidate" == -* && "$word" != -* ]] && continue
                [[ "$candidate" == "$word"* ]] && COMPREPLY+=("$candidate")
            done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
        }
        complete -o default -F _streams streams

        """;

    private const string Zsh =
        """
        #compdef streams
        # In ~/.zshrc, after compinit: source <(streams completion zsh)
        _streams() {
            local line="${(j: :)words[1,CURRENT]}"
            local -a candidates
            candidates=("${(@f)$(${words[1]} "[suggest:${#line}]" "$line" 2>/dev/null)}")
            [[ "${words[CURRENT]}" == -* ]] || candidates=(${candidates:#-*})
            candidates=(${candidates:#})
            if (( ${#candidates} )); then
                compadd -a candidates
            else
                _files
            fi
        }
        compdef _streams streams

        """;

    private const string Fish =
        """
        # streams completion fish > ~/.config/fish/completions/streams.fish
        function __streams_complete
            set -l line (commandline -cp)
            set -l word (commandline -ct)
            set -l words (commandline -opc)
            for candidate in ($words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
                if string match -q -- '-*' "$candidate"; and not string match -q -- '-*' "$word"
                    continue
                end
                echo $candidate
            end
        end
        complete -c streams -f -a '(__streams_complete)'
        complete -c streams -n '__fish_seen_subcommand_from replay' -F

        """;

    private const string PowerShell =
        """
        # In $PROFILE: streams completion pwsh | Out-String | Invoke-Expression
        Register-ArgumentCompleter -Native -CommandName streams -ScriptBlock {
            param($word, $ast, $cursor)
            $line = $ast.ToString().PadRight($cursor - $ast.Extent.StartOffset)
            & $ast.CommandElements[0].Value "[suggest:$($line.Length)]" $line 2>$null |
                Where-Object { $word -like '-*' -or $_ -notlike '-*' } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }

        """;
}
