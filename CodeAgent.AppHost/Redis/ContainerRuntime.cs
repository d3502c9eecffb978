using System.ComponentModel;
using System.Diagnostics;

namespace CodeAgent.AppHost.Redis;

/// <summary>Docker or Podman. Its program alone is not enough: the service behind it has to answer.</summary>
internal static class ContainerRuntime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static async Task<bool> AnswersAsync()
    {
        var answers = await Task.WhenAll(AnswersAsync("docker"), AnswersAsync("podman"));
        return answers.Contains(true);
    }

    private static async Task<bool> AnswersAsync(string program)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            using var info = Process.Start(new ProcessStartInfo(program, ["info"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            info.StandardInput.Close();
            try
            {
                await Task.WhenAll(
                    info.StandardOutput.ReadToEndAsync(patience.Token),
                    info.StandardError.ReadToEndAsync(patience.Token),
                    info.WaitForExitAsync(patience.Token));
                return info.ExitCode == 0;
            }
            catch (OperationCanceledException)
            {
                info.Kill(entireProcessTree: true);
                return false;
            }
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
