using System.Text.Json;
using CodeAgent.Worker.Agents.Cli;

namespace CodeAgent.Worker.Tests.Agents.Clis;

public sealed class LineSplitterTests
{
    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\r\n\n\nb", "a|b")]
    [InlineData("\n", "")]
    [InlineData("{\"a\":\"x\\\"y\\nz\"}\n", "{\"a\":\"x\\\"y\\nz\"}")]
    public void Lines_come_out_whole_wherever_the_pieces_are_cut(string text, string expected)
    {
        for (var size = 1; size <= text.Length; size++)
        {
            var splitter = new LineSplitter();
            var lines = text.Chunk(size).SelectMany(piece => splitter.Add(new(piece))).ToList();
            Assert.Equal(expected, string.Join('|', lines.Concat(splitter.End())));
        }
    }

    [Fact]
    public void A_string_of_three_megabytes_is_cut_and_the_line_stays_json()
    {
        var splitter = new LineSplitter();
        var line = JsonSerializer.Serialize(new { before = 1, output = new string('x', 3_000_000), after = "y" });
        var json = JsonElement.Parse(Assert.Single(splitter.Add(line + "\n")));
        Assert.Equal((1, "y"), (json.GetProperty("before").GetInt32(), json.GetProperty("after").GetString()));
        Assert.Matches("^x{64000}… 2,936,000 characters left out$", json.GetProperty("output").GetString()!);
        Assert.Equal((1, 0), (splitter.Shortened, splitter.LeftOut));
    }

    [Theory]
    [InlineData("\\n")]
    [InlineData("\\u20ac")]
    [InlineData("\\\"")]
    [InlineData("\\\\")]
    [InlineData("😀")]
    public void A_cut_never_goes_through_a_character(string character)
    {
        for (var before = 0; before < 8; before++)
        {
            var splitter = new LineSplitter(longestString: 20);
            var text = new string('a', before) + string.Concat(Enumerable.Repeat(character, 30));
            var json = JsonElement.Parse(Assert.Single(splitter.Add($$"""{"s":"{{text}}"}""" + "\n")));
            Assert.Contains("left out", json.GetProperty("s").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_line_that_is_too_long_all_the_same_is_left_out_and_the_next_one_comes()
    {
        var splitter = new LineSplitter(longestLine: 1000);
        var lines = new List<string>();
        for (var i = 0; i < 100; i++)
        {
            lines.AddRange(splitter.Add("[1,2,3,4,5,6,7,8,9,0],"));
        }

        lines.AddRange(splitter.Add("\nnext\n"));
        Assert.Equal(["next"], lines);
        Assert.Equal(1, splitter.LeftOut);
    }
}
