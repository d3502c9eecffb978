using CodeAgent.Contracts;
using CodeAgent.Worker.Approvals;

namespace CodeAgent.Worker.Tests.Approvals;

public sealed class ApprovalPolicyTests
{
    [Theory]
    [InlineData("git push")]
    [InlineData("git push origin main")]
    [InlineData("  git   push\torigin")]
    [InlineData("cd src && git push")]
    [InlineData("make; git push")]
    [InlineData("false || git push -f")]
    [InlineData("git status | tee log & git push")]
    [InlineData("echo $(git push)")]
    [InlineData("echo `git push`")]
    [InlineData("diff <(git push) a")]
    [InlineData("(git push)")]
    [InlineData("{ git push; }")]
    [InlineData("true\ngit push")]
    [InlineData("git \\\n push")]
    [InlineData("GIT_TRACE=1 git push")]
    [InlineData("sudo env A=b git push")]
    [InlineData("/usr/bin/git push")]
    [InlineData("sudo /usr/bin/git push")]
    [InlineData("if true; then git push; fi")]
    [InlineData("sh -c \"cd x; git push\"")]
    [InlineData("! git push")]
    [InlineData("make 2>&1 && git push")]
    [InlineData("git 2>&1 push")]
    [InlineData("true &> log git push")]
    [InlineData("true &>$(git push)")]
    public void A_command_is_found_wherever_it_plainly_stands(string line) =>
        Assert.Equal(new(Ruling.Ask, "ask run:git push* (the task)"), Policy(new() { Ask = ["run:git push*"] }).Run(line));

    [Theory]
    [InlineData("git pull")]
    [InlineData("git commit -m push")]
    [InlineData("cat git-push.txt")]
    public void Another_command_is_not(string line) => Assert.Equal(Ruling.Allow, Policy(new() { Ask = ["run:git push*"] }).Run(line).Ruling);

    [Theory]
    [InlineData("make test 2>&1", true)]
    [InlineData("make test 2>&1 | tee log", true)]
    [InlineData("make test >&2 2>&-", true)]
    [InlineData("make test &> /tmp/log", true)]
    [InlineData("make test &>> log; make", true)]
    [InlineData("make test 2>&1 && rm x", false)]
    [InlineData("make test & rm x", false)]
    [InlineData("make2>&1 x", false)]
    public void A_redirection_is_no_command(string line, bool allowed) =>
        Assert.Equal(allowed ? Ruling.Allow : Ruling.Deny, Policy(new() { Allow = ["run:make", "run:make *", "run:tee *"] }).Run(line).Ruling);

    [Fact]
    public void A_tool_of_a_server_has_rules_of_its_own()
    {
        var policy = Policy(new() { Allow = ["tool:github__*", "run:ls"], Ask = ["tool:*__create_*"], Deny = ["tool:github__delete*"] });

        Assert.Equal(Ruling.Allow, policy.Tool("github__search").Ruling);
        Assert.Equal(Ruling.Ask, policy.Tool("github__create_issue").Ruling);
        Assert.Equal(Ruling.Deny, policy.Tool("github__delete_repo").Ruling);
        Assert.Equal(Ruling.Deny, policy.Tool("mail__send").Ruling);
    }

    // What no pattern finds, said here so that nobody takes rules for a wall.
    [Theory]
    [InlineData("g=git; $g push")]
    [InlineData("git -C . push")]
    [InlineData("python -c 'import subprocess as s'")]
    public void A_command_that_is_hidden_is_not_found(string line) => Assert.Equal(Ruling.Allow, Policy(new() { Deny = ["run:git push*"] }).Run(line).Ruling);

    [Theory]
    [InlineData(".env", ".env", true)]
    [InlineData(".env", "a/b/.env", true)]
    [InlineData(".env", "a/.env/b", true)]
    [InlineData(".env", ".envrc", false)]
    [InlineData("**/.env*", ".envrc", true)]
    [InlineData("**/.env*", "a/b/.env.local", true)]
    [InlineData("infra/**", "infra/a/b.tf", true)]
    [InlineData("infra/**", "src/infra/a.tf", false)]
    [InlineData("infra/", "a/infra/b", true)]
    [InlineData("src/*.cs", "src/a.cs", true)]
    [InlineData("src/*.cs", "src/a/b.cs", false)]
    [InlineData("src/**/*.cs", "src/b.cs", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a.c", "abc", false)]
    [InlineData("**", "any/thing", true)]
    public void A_pattern_of_paths(string pattern, string path, bool matches)
    {
        Assert.Equal(matches, Policy(new() { Deny = [$"read:{pattern}"] }).File(RuleKind.Read, path).Ruling == Ruling.Deny);
        Assert.Equal(Ruling.Allow, Policy(new() { Deny = [$"read:{pattern}"] }).File(RuleKind.Write, path).Ruling);
    }

    [Fact]
    public void Deny_beats_ask_and_ask_beats_allow()
    {
        var policy = Policy(new() { Allow = ["run:git *", "run:ls*"], Ask = ["run:git push*"], Deny = ["run:git push --force*"] });

        Assert.Equal(Ruling.Allow, policy.Run("git status && ls").Ruling);
        Assert.Equal(Ruling.Ask, policy.Run("git push").Ruling);
        Assert.Equal(Ruling.Deny, policy.Run("git push --force").Ruling);
        Assert.Equal(Ruling.Deny, policy.Run("git push; git push --force x").Ruling);
        Assert.Equal("allow run:git *, run:ls* and nothing else (the task)", policy.Run("git status && rm x").Rule);
        Assert.Equal(Ruling.Allow, policy.File(RuleKind.Write, "a").Ruling);
    }

    [Fact]
    public void A_task_is_as_strict_as_the_worker_or_stricter()
    {
        var policy = ApprovalPolicy.Of(new() { Allow = ["run:make*", "run:git *"], Deny = ["run:git push*"] }, new() { Allow = ["run:*", "run:git push*"], Deny = ["run:make install*"] });

        Assert.Equal(new(Ruling.Deny, "deny run:git push* (config/worker.yaml)"), policy.Run("git push"));
        Assert.Equal(new(Ruling.Deny, "deny run:make install* (the task)"), policy.Run("make install"));
        Assert.Equal(Ruling.Deny, policy.Run("rm -rf /").Ruling);
        Assert.Equal(Ruling.Allow, policy.Run("make test").Ruling);
    }

    [Theory]
    [InlineData("run:git push*", true)]
    [InlineData("read:**/.env*", true)]
    [InlineData("run:/usr/bin/x", true)]
    [InlineData("tool:github__*", true)]
    [InlineData("write:/etc", false)]
    [InlineData("write:../a", false)]
    [InlineData("exec:ls", false)]
    [InlineData("git push", false)]
    [InlineData("run:", false)]
    [InlineData("", false)]
    public void A_rule_is_written_so(string text, bool right) => Assert.Equal(right, ApprovalRule.TryParse(text) is not null);

    private static ApprovalPolicy Policy(ApprovalRules task) => ApprovalPolicy.Of(new(), task);
}
