using System.Net;
using CodeAgent.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace CodeAgent.ServiceDefaults.Lifetime;

/// <summary>The frame around a service's <c>Program.cs</c>.</summary>
public static class ServiceMain
{
    private const int Refused = 1;

    /// <summary>
    /// A service's arguments, and one more: its appsettings.json is not watched. The watch takes in every folder below the one that
    /// the service is started in, a repository with all its workspaces and logs, and what is meant to be changed while the service
    /// runs is in <c>config/</c>.
    /// </summary>
    public static string[] Arguments(string[] args) => [.. args, "--hostBuilder:reloadConfigOnChange=false"];

    /// <summary>Runs the service. What its operator got wrong is said in plain words on standard error, with exit code 1, not as a crash.</summary>
    /// <param name="service">Builds the service and runs it to its end.</param>
    public static async Task<int> RunAsync(Func<Task> service)
    {
        try
        {
            await service();
            return 0;
        }
        catch (ConfigFileException e)
        {
            await Console.Error.WriteLineAsync($"The configuration is refused:{Environment.NewLine}{e.Message}");
            return Refused;
        }
        catch (OptionsValidationException e)
        {
            await Console.Error.WriteLineAsync($"The settings are refused: {e.Message}");
            return Refused;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{e.Message} Another one is set with ASPNETCORE_URLS or --urls, for instance --urls http://{IPAddress.Loopback}:0.");
            return Refused;
        }
    }
}
