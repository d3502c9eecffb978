using CodeAgent.Contracts;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>What rules do to the agent's calls.</summary>
public sealed class ApprovalTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_denied_call_is_not_carried_out_and_the_model_is_told_the_rule()
    {
        _bench.Rules = new() { Deny = ["run:touch*", "write:infra/**"] };
        _bench.Gateway.Calls(("run", new { command = "true && touch a" }), ("write", new { path = "infra/./b", content = "x" }), ("write", new { path = "c", content = "x" })).Say("Done.");
        await _bench.RunAsync();

        var results = _bench.Session.Events(EventTypes.ToolResult);
        Assert.StartsWith("Error: A rule forbids this: deny run:touch* (the task).", results[0].GetProperty("output").GetString(), StringComparison.Ordinal);
        Assert.Contains("deny write:infra/**", results[1].GetProperty("output").GetString(), StringComparison.Ordinal);
        Assert.Empty(Ran);
        Assert.Equal((false, true), (File.Exists(_bench.Workspace.At("infra/b")), File.Exists(_bench.Workspace.At("c"))));
    }

    [Fact]
    public async Task An_approved_call_is_carried_out_and_no_other()
    {
        _bench.Rules = new() { Ask = ["run:touch*"] };
        _bench.Gateway.Calls(("run", new { command = "touch a" }), ("run", new { command = "touch b" }));
        var first = await _bench.RunAsync();
        Assert.Equal(new("run", "touch a", "ask run:touch* (the task)"), first.Question!.Approval);
        Assert.Equal("May the agent run this?\n\ntouch a", first.Question.Text);
        Assert.Empty(Ran);

        Answer(first.Question, ApprovalDecision.Approve, "Fine.");
        var second = await _bench.RunAsync(_bench.Session.Saved[^1]);
        Assert.Equal("touch b", second.Question!.Approval!.Argument);
        Assert.Equal(["touch a"], Ran);

        Answer(second.Question, ApprovalDecision.Deny, "Not that one.");
        _bench.Gateway.Say("Done.");
        var end = await _bench.RunAsync(_bench.Session.Saved[^1]);
        Assert.Equal("Done.", end.Summary);
        Assert.Equal(["touch a"], Ran);
        Assert.StartsWith("Error: A person was asked and denied this call. They say: Not that one.", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_approved_before_the_worker_was_lost_is_not_asked_again()
    {
        _bench.Rules = new() { Ask = ["run:touch*"] };
        _bench.Gateway.Call("run", new { command = "touch a" });
        var asked = await _bench.RunAsync();
        Answer(asked.Question!, ApprovalDecision.Approve);
        _bench.Gateway.Fail(400, "bad", "The model is gone.").Say("Done.");
        await _bench.RunAsync(_bench.Session.Saved[^1]);
        var end = await _bench.RunAsync(_bench.Session.Saved[^1]);

        Assert.Equal(("Done.", 1), (end.Summary, end.MessagesSeen));
        Assert.Single(_bench.Session.Events(EventTypes.ToolResult));
    }

    [Fact]
    public async Task A_plain_message_approves_nothing()
    {
        _bench.Rules = new() { Ask = ["run:touch*"] };
        _bench.Gateway.Call("run", new { command = "touch a" });
        await _bench.RunAsync();
        _bench.Session.Messages.Add(new(1, "Yes, approve."));
        _bench.Session.Messages.Add(new(2, "", new("1.9.1", "another question", ApprovalDecision.Approve)));
        var still = await _bench.RunAsync(_bench.Session.Saved[^1]);

        Assert.NotNull(still.Question);
        Assert.Empty(Ran);
    }

    [Fact]
    public async Task What_must_not_be_read_is_not_found_by_a_search_either()
    {
        _bench.Rules = new() { Deny = ["read:.env"] };
        await _bench.Workspace.WriteAsync(".env", "KEY=secret\n");
        await _bench.Workspace.WriteAsync("a.txt", "KEY=public\n");
        _bench.Workspace.Link("link", ".env");
        _bench.Gateway.Calls(
            ("search", new { pattern = "KEY" }), ("read", new { path = "link" }), ("search", new { pattern = "KEY", path = ".env" }),
            ("edit", new { path = ".env", old = "KEY=x", @new = "y" }),
            ("patch", new { patch = "diff --git a/.env b/b.txt\nsimilarity index 100%\ncopy from .env\ncopy to b.txt\n" })).Say("Done.");
        await _bench.RunAsync();

        var results = _bench.Session.Events(EventTypes.ToolResult).Select(result => result.GetProperty("output").GetString()!).ToList();
        Assert.Equal("a.txt:1: KEY=public\n", results[0]);
        Assert.All(results.Skip(1), result => Assert.StartsWith("Error: A rule forbids this: deny read:.env", result, StringComparison.Ordinal));
        Assert.DoesNotContain(results, result => result.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_patch_is_held_against_every_file_that_it_touches()
    {
        _bench.Rules = new() { Ask = ["write:infra/**"] };
        await _bench.Workspace.WriteAsync("infra/a.tf", "1\n");
        _bench.Gateway.Call("patch", new { patch = "--- a/x.txt\n+++ b/x.txt\n@@ -0,0 +1 @@\n+x\n--- a/infra/a.tf\n+++ b/infra/a.tf\n@@ -1 +1 @@\n-1\n+2\n" });
        var asked = await _bench.RunAsync();

        Assert.Equal(("patch", "infra/a.tf (in a patch)"), (asked.Question!.Approval!.Tool, asked.Question.Approval.Argument));
    }

    [Fact]
    public async Task Who_approves_a_patch_sees_every_file_that_must_be_approved_and_every_rule()
    {
        _bench.Rules = new() { Ask = ["write:infra/**", "write:*.pem", "write:.env"] };
        string[] names = ["b/x.txt", "b/infra/a.tf", "b/b.pem", "\"b/\\056env\""];
        var patch = string.Concat(names.Select(name => $"--- /dev/null\n+++ {name}\n@@ -0,0 +1 @@\n+x\n"));
        _bench.Gateway.Call("patch", new { patch });
        var approval = (await _bench.RunAsync()).Question!.Approval!;

        Assert.Equal("infra/a.tf (in a patch)\nb.pem (in a patch)\n.env (in a patch)", approval.Argument);
        Assert.Equal("ask write:infra/** (the task); ask write:*.pem (the task); ask write:.env (the task)", approval.Rule);
    }

    [Theory]
    [InlineData("--- /dev/null\n+++ \"b/\\056env\"\n@@ -0,0 +1 @@\n+x\n", ".env")]
    [InlineData("diff --git \"a/\\056env\" \"b/\\056env\"\nold mode 100644\nnew mode 100755\n", ".env")]
    [InlineData("diff --git a/a.txt b/b.txt\nsimilarity index 100%\nrename from a.txt\nrename to \"inf\\162a/x\"\n", "infra/**")]
    [InlineData("diff --git a/a.txt b/b.txt\nsimilarity index 100%\nrename old a.txt\nrename new infra/x\n", "infra/**")]
    [InlineData("--- /dev/null\n+++ \"b/\\303\\244\\\"\"\n@@ -0,0 +1 @@\n+x\n", "ä\"")]
    public async Task A_name_in_a_patch_is_what_git_reads(string patch, string pattern)
    {
        _bench.Rules = new() { Deny = [$"write:{pattern}"] };
        await _bench.Workspace.WriteAsync(".env", "1\n");
        await _bench.Workspace.WriteAsync("a.txt", "1\n");
        _bench.Gateway.Call("patch", new { patch }).Say("Done.");
        await _bench.RunAsync();

        Assert.StartsWith("Error: A rule forbids this: deny write:", _bench.Session.Events(EventTypes.ToolResult).Single().GetProperty("output").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_as_long_as_may_be_fits_into_the_question()
    {
        var rule = $"run:echo *{new string('*', 990)}";
        Assert.NotNull(ApprovalRule.TryParse(rule));
        _bench.Rules = new() { Ask = [rule] };
        _bench.Gateway.Call("run", new { command = "echo x" });

        Assert.Equal($"ask {rule} (the task)", (await _bench.RunAsync()).Question!.Approval!.Rule);
    }

    [Fact]
    public async Task What_is_too_long_to_be_shown_is_not_approved_unseen()
    {
        _bench.Rules = new() { Ask = ["run:*"] };
        _bench.Gateway.Call("run", new { command = "echo " + new string('x', 9_000) }).Say("Done.");
        var end = await _bench.RunAsync();

        Assert.Null(end.Question);
        Assert.Contains("too long to be shown", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    private IEnumerable<string> Ran => _bench.Commands.Commands.Select(command => command.Script!);

    private void Answer(Question question, ApprovalDecision decision, string text = "") =>
        _bench.Session.Messages.Add(new(_bench.Session.Messages.Count + 1, text, new(question.Id, question.Text, decision)));
}
