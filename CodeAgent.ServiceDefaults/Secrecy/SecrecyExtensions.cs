using System.Collections;
using System.Text.RegularExpressions;

namespace CodeAgent.ServiceDefaults.Secrecy;

internal static partial class SecrecyExtensions
{
    /// <summary>Makes the secrets of the process's environment and settings known, so that no line of a log has one.</summary>
    public static void AddSecrecy(this WebApplicationBuilder builder)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => (Name: (string)variable.Key, Value: (string?)variable.Value));
        var settings = builder.Configuration.AsEnumerable().Select(setting => (Name: setting.Key, setting.Value));
        foreach (var (name, value) in environment.Concat(settings).Where(pair => !string.IsNullOrWhiteSpace(pair.Value)))
        {
            // A file's name is no secret, even where the file is.
            if (SecretName().IsMatch(name) && !Path.IsPathRooted(value))
            {
                SecretText.Know(value!);
            }

            SecretText.Know(Password().Matches(value!).Select(match => match.Groups[1].Value));
        }
    }

    [GeneratedRegex("(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();

    // Of connection strings and addresses: password=…, and //name:…@host.
    [GeneratedRegex(@"(?:password=|//[^/\s:@]{0,100}:)([^,;\s@/]{8,200})(?=[,;\s@]|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Password();
}
