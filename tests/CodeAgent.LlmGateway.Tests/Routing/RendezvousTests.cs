using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Tests.Routing;

/// <summary>The same key leads to the same place, each place gets its share, and only those move whose place is gone.</summary>
public sealed class RendezvousTests
{
    private const int Keys = 20_000;
    private static readonly ProviderConfig Provider = new();

    [Fact]
    public void Shares_are_as_the_weights_are()
    {
        Deployment[] all = [Deployment("a", 1), Deployment("b", 2), Deployment("c", 5)];

        var shares = Enumerable.Range(0, Keys).CountBy(key => Choose(key, all).UpstreamModel).ToDictionary();

        // A binomial's standard deviation is below 0.4 % of the keys here: five of them.
        Assert.All(all, deployment => Assert.InRange(shares[deployment.UpstreamModel] / (double)Keys, (deployment.Weight / 8.0) - 0.02, (deployment.Weight / 8.0) + 0.02));
    }

    [Fact]
    public void Only_the_conversations_of_the_one_that_goes_move()
    {
        Deployment[] all = [Deployment("a", 1), Deployment("b", 2), Deployment("c", 5)];
        var left = all[..2];

        Assert.All(Enumerable.Range(0, Keys), key =>
        {
            var before = Choose(key, all);
            Assert.True(before == all[2] || Choose(key, left) == before);
        });
    }

    [Fact]
    public void The_order_in_the_configuration_does_not_matter()
    {
        Deployment[] all = [Deployment("a", 1), Deployment("b", 2), Deployment("c", 5)];
        Deployment[] turned = [all[2], all[0], all[1]];

        Assert.All(Enumerable.Range(0, Keys), key => Assert.Equal(Choose(key, all), Choose(key, turned)));
    }

    [Fact]
    public void Every_byte_counts() =>
        Assert.Equal(Keys, Enumerable.Range(0, Keys).Select(i => Rendezvous.Hash($"conversation {i}")).Distinct().Count());

    private static Deployment Choose(int key, Deployment[] deployments) => Rendezvous.Choose(Rendezvous.Hash($"key {key}"), deployments);

    private static Deployment Deployment(string model, int weight) => new("provider", Provider, model, null) { Weight = weight };
}
