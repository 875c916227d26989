using System.Text.Json;

namespace Streams.Benchmarks.WholePath;

/// <summary>One step in a process of its own: the steps share no memory, no compiled code and no caches. Its last line is the result.</summary>
internal static class PathStep
{
    public const string Command = "path-step";

    public static int Run(Options options)
    {
        string step = options.Text("step", "");
        StepInput input = JsonSerializer.Deserialize<StepInput>(options.Text("input", ""))!;
        options.Finish();
        Child.EndWithParent();
        StepResult result = step switch
        {
            "native" => NativeConsume.Measure(input),
            "managed" => ManagedConsume.Measure(input, parse: false),
            "parse" => ManagedConsume.Measure(input, parse: true),
            PathCommand.Whole => NodePath.MeasureAsync(input).GetAwaiter().GetResult(),
            _ => throw new UsageException($"There is no step {step}."),
        };
        Console.WriteLine(JsonSerializer.Serialize(result));
        return 0;
    }
}
