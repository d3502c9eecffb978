using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Tests.Configuration;

public sealed class ConfigReaderTests
{
    private static readonly Dictionary<string, string> Environment = new() { ["SET"] = "value", ["EMPTY"] = "", ["SEVEN"] = "7", ["EVIL"] = "x\nseats: 9 # \"" };

    private static Kitchen Read(string text) =>
        ConfigReader<Kitchen>.Read("kitchen.yaml", text, Environment.GetValueOrDefault, Kitchen.Validate);

    [Fact]
    public void Every_kind_of_entry_is_read()
    {
        var kitchen = Read("""
            # a comment with ${NOTHING}
            name: café
            seats: ${SEVEN}
            closing: 1.5h
            key: ${SET}
            order: [big]
            pots:
              big: { litres: 2.5, lid: true }
            """);

        Assert.Equal(("café", 7, TimeSpan.FromMinutes(90), "value"), (kitchen.Name, kitchen.Seats, kitchen.Closing, kitchen.Key.Reveal()));
        Assert.Equal(["big"], kitchen.Order);
        Assert.Equal((2.5m, true), (kitchen.Pots["big"].Litres, kitchen.Pots["big"].Lid));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing but a comment")]
    [InlineData("{}")]
    public void An_empty_file_is_the_defaults(string text) => Assert.Equal(("plain", 4), (Read(text).Name, Read(text).Seats));

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("30s", 30)]
    [InlineData("2 m", 120)]
    [InlineData("1d", 86_400)]
    public void Durations_have_units(string text, double seconds) => Assert.Equal(seconds, Read($"closing: {text}").Closing.TotalSeconds);

    [Theory]
    [InlineData("${SET}", "value")]
    [InlineData("a-${SET}-${SEVEN}", "a-value-7")]
    [InlineData("${UNSET:-fallback}", "fallback")]
    [InlineData("${EMPTY:-fallback}", "fallback")]
    [InlineData("${SET:-fallback}", "value")]
    [InlineData("\"$${SET}\"", "${SET}")]
    [InlineData("${EVIL}", "x\nseats: 9 # \"")]
    public void Values_come_from_the_environment(string text, string expected) => Assert.Equal(expected, Read($"name: {text}").Name);

    [Theory]
    [InlineData("${SET}", "value")]
    [InlineData("${EMPTY}", "")]
    [InlineData("${UNSET:-}", "")]
    [InlineData("", "")]
    public void Secrets_are_references(string text, string expected) => Assert.Equal(expected, Read($"key: {text}").Key.Reveal());

    [Fact]
    public void A_secret_never_prints_itself() => Assert.Equal("***", Read("key: ${SET}").Key.ToString());

    [Theory]
    [InlineData("name: x\nnmae: y", 2, "there is no 'nmae' here")]
    [InlineData("pots:\n  big:\n    litres: 2\n    lids: 1", 4, "there is no 'lids' here")]
    [InlineData("name: x\nname: y", 2, "'name' is here twice")]
    [InlineData("name: x\nseats: many", 2, "the value does not fit: ")]
    [InlineData("\nclosing: soon", 2, "'soon' is no duration: write a number with ms, s, m, h or d")]
    [InlineData("name: ${UNSET}", 1, "the environment variable UNSET is not set; write ${UNSET:-default} where it may be missing")]
    [InlineData("name: ${NOT CLOSED", 1, "'${' begins a reference: ")]
    [InlineData("\n\nkey: sk-literal", 3, "a secret is not written here: ")]
    [InlineData("key: ${UNSET:-sk-literal}", 1, "a secret is not written here: ")]
    [InlineData("key: Bearer ${SET}", 1, "a secret is not written here: ")]
    [InlineData("seats: 3\npots:\n", 2, "a value is missing here")]
    [InlineData("seats: 3\npots:\n  small: {}\n  big:\n", 4, "a value is missing here")]
    [InlineData("pots: { big: ~ }", 1, "a value is missing here")]
    [InlineData("seats: 3\norder: [~]", 2, "a value is missing here")]
    [InlineData("seats: 3\norder:\n- big\n-\n", 4, "a value is missing here")]
    [InlineData("name: x\nseats: 0", 2, "at least one seat is needed")]
    [InlineData("pots:\n  big:\n    lid: true\n    litres: 0", 4, "a pot holds something")]
    [InlineData("order:\n- big\n- small\npots:\n  big: {}", 3, "there is no pot 'small'")]
    [InlineData("name: [", 1, "")]
    [InlineData("name: |\n  x\n\t\npots:\n\tbig: {}", 5, "While scanning a mapping, found invalid tab as indentation")]
    [InlineData("- a\n- b", 1, "")]
    public void What_is_wrong_is_said_with_its_line(string text, int line, string reason)
    {
        var e = Assert.Throws<ConfigFileException>(() => Read(text));

        Assert.Equal(line, e.Problems[0].Line);
        Assert.StartsWith(reason, e.Problems[0].Reason, StringComparison.Ordinal);
        Assert.StartsWith($"kitchen.yaml({line}): ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-literal", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("CodeAgent", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_validator_finds_names_the_entry() =>
        Assert.Equal("kitchen.yaml(2): seats: at least one seat is needed", Assert.Throws<ConfigFileException>(() => Read("name: x\nseats: 0")).Message);

    [Fact]
    public void All_that_a_validator_finds_is_said_at_once() =>
        Assert.Equal([1, 3], Assert.Throws<ConfigFileException>(() => Read("seats: -1\norder:\n- none")).Problems.Select(p => p.Line));

    [Fact]
    public void A_validator_that_fails_refuses_the_file_rather_than_to_stop_the_service()
    {
        var e = Assert.Throws<ConfigFileException>(() =>
            ConfigReader<Kitchen>.Read("kitchen.yaml", "seats: 3", Environment.GetValueOrDefault, (_, _) => throw new FormatException("no such chair")));

        Assert.Equal("kitchen.yaml(1): it cannot be checked: no such chair", e.Message);
    }
}
