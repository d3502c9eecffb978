using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Cli;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;
using Microsoft.Extensions.Configuration;

namespace CodeAgent.Worker.Tests.Agents.Clis;

public sealed class OfferTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly WorkerOptions _options = new();

    [Fact]
    public async Task Without_a_list_a_worker_offers_the_clis_on_its_path()
    {
        Directory.CreateDirectory(_folder["bin"]);
        await File.WriteAllTextAsync(Path.Combine(_folder["bin"], "codex"), "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_folder["bin"], "cursor-agent"), "", TestContext.Current.CancellationToken);
        Assert.Equal([AgentNames.Codex, AgentNames.Cursor], Offered());
    }

    [Fact]
    public void With_a_list_it_offers_those_that_are_in_it()
    {
        _options.Agents = new() { [AgentNames.Claude] = new() };
        Assert.Equal([AgentNames.Claude], Offered());
    }

    [Fact]
    public void Agents_that_are_no_clis_are_always_offered() =>
        Assert.All((string[])[AgentNames.Builtin, AgentNames.Command], agent => Assert.True(Offer().Has(agent)));

    public void Dispose() => _folder.Dispose();

    private string[] Offered() => [.. CliOptions.Names.Where(Offer().Has)];

    private CliOffer Offer() => new(() => _options, new ConfigurationBuilder().AddInMemoryCollection([new("PATH", $"{_folder["none"]}{Path.PathSeparator}{_folder["bin"]}")]).Build());
}
