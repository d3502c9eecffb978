using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Load;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>Everyone who takes part, started.</summary>
internal sealed class Field : IAsyncDisposable
{
    private readonly List<Contender> _contenders = [];
    private readonly List<string> _skipped = [];

    public IReadOnlyList<Contender> Contenders => _contenders;

    /// <summary>Who does not take part, and why.</summary>
    public IReadOnlyList<string> Skipped => _skipped;

    public MockContender Mock { get; } = new();

    public CodeAgentContender? Ours => _contenders.OfType<CodeAgentContender>().FirstOrDefault();

    /// <param name="only">Whom to start; everyone where it is null. The mock always takes part.</param>
    /// <param name="stop">Stops starting.</param>
    public static async Task<Field> StartAsync(string[]? only, CancellationToken stop)
    {
        var field = new Field();
        try
        {
            foreach (var contender in (Contender[])[field.Mock, new YarpContender(), new CodeAgentContender(), new PortkeyContender(), new PythonContender()])
            {
                if (contender == field.Mock || only is null || only.Contains(contender.Key))
                {
                    await field.StartAsync(contender, stop);
                }
            }

            return field;
        }
        catch
        {
            await field.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var contender in Enumerable.Reverse(_contenders))
        {
            await contender.DisposeAsync();
        }
    }

    private async Task StartAsync(Contender contender, CancellationToken stop)
    {
        await Console.Out.WriteLineAsync($"Starting: {contender.Title}");
        _contenders.Add(contender);
        try
        {
            await contender.StartAsync(Mock, stop);
            await AnswerCheck.RunAsync(contender, stop);
        }
        catch (SkippedException e)
        {
            await contender.DisposeAsync();
            _contenders.Remove(contender);
            _skipped.Add($"{contender.Title} is skipped: {e.Message}.");
            await Console.Error.WriteLineAsync(_skipped[^1]);
        }
    }
}
