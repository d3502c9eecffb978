using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Sandboxes;

public sealed class ProgramFilesTests : IDisposable
{
    private readonly TestFolder _home = new();

    [Fact]
    public async Task A_program_of_npm_needs_its_modules_and_its_interpreter()
    {
        await WriteAsync("lib/node_modules/@openai/codex/bin/codex.js", "#!/usr/bin/env sh\n");
        var program = Link("bin/codex", "../lib/node_modules/@openai/codex/bin/codex.js");

        var files = await OfAsync(program);

        Assert.Contains(program, files);
        Assert.Contains(_home["lib/node_modules"], files);
        Assert.Contains(files, file => Path.GetFileName(file) == "sh");
        Assert.DoesNotContain(_home.Path, files);
    }

    [Fact]
    public async Task A_program_of_a_Python_environment_needs_the_environment()
    {
        await WriteAsync("venvs/aider/pyvenv.cfg", "home = /usr/bin\n");
        await WriteAsync("venvs/aider/bin/aider", $"#!{_home["venvs/aider/bin/python"]}\n");
        Link("venvs/aider/bin/python", "/bin/sh");
        var program = Link(".local/bin/aider", "../../venvs/aider/bin/aider");

        Assert.Contains(_home["venvs/aider"], await OfAsync(program));
    }

    [Fact]
    public async Task A_program_that_lies_in_a_home_shows_nothing_else_of_it()
    {
        await WriteAsync("claude", "\u007fELF");

        Assert.Equal([_home["claude"]], await OfAsync(_home["claude"]));
    }

    [Fact]
    public async Task Nothing_is_shown_for_a_program_that_is_not_there() => Assert.Empty(await OfAsync("no-such-program"));

    public void Dispose() => _home.Dispose();

    private static Task<IReadOnlyList<string>> OfAsync(string program) => ProgramFiles.OfAsync(program, TestContext.Current.CancellationToken);

    private async Task WriteAsync(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_home[file])!);
        await File.WriteAllTextAsync(_home[file], text, TestContext.Current.CancellationToken);
    }

    private string Link(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_home[from])!);
        File.CreateSymbolicLink(_home[from], to);
        return _home[from];
    }
}
