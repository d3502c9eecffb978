using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Tests.Configuration;

/// <summary>A configuration with one entry of each kind.</summary>
internal sealed class Kitchen
{
    public string Name { get; init; } = "plain";

    public int Seats { get; init; } = 4;

    public TimeSpan Closing { get; init; } = TimeSpan.FromMinutes(5);

    public ConfigSecret Key { get; init; } = ConfigSecret.None;

    public List<string> Order { get; init; } = [];

    public Dictionary<string, Pot> Pots { get; init; } = [];

    public static void Validate(Kitchen kitchen, ConfigProblems problems)
    {
        problems.Require(kitchen.Seats > 0, "seats", "at least one seat is needed");
        foreach (var (name, pot) in kitchen.Pots)
        {
            problems.Require(pot.Litres > 0, $"pots.{name}.litres", "a pot holds something");
        }

        for (var i = 0; i < kitchen.Order.Count; i++)
        {
            problems.Require(kitchen.Pots.ContainsKey(kitchen.Order[i]), $"order[{i}]", $"there is no pot '{kitchen.Order[i]}'");
        }
    }
}

internal sealed class Pot
{
    public decimal Litres { get; init; } = 1;

    public bool Lid { get; init; }
}
